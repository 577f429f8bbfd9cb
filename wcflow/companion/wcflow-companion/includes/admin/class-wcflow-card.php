<?php
/**
 * One person as the daemon described them, read safely whatever is in it.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * A row of the people table with its card.
 */
class Wcflow_Card {

	/**
	 * Row of the person with the fields of the card.
	 *
	 * @var array
	 */
	private $data;

	/**
	 * Wrap a row.
	 *
	 * @param array $row Row of a person.
	 */
	public function __construct( $row ) {
		$this->data = $row;
	}

	/**
	 * Return the person's id.
	 *
	 * @return int
	 */
	public function person() {
		return (int) $this->data['person'];
	}

	/**
	 * Return what to call the person: the name, else the address.
	 *
	 * @return string
	 */
	public function title() {
		$name = trim( $this->text( 'name' ) );
		if ( '' === $name ) {
			$name = $this->text( 'email' );
		}
		/* translators: %d: number of the customer in wcflow */
		return '' !== $name ? $name : sprintf( __( 'Customer %d', 'wcflow-companion' ), $this->person() );
	}

	/**
	 * Return a field as text, or an empty string.
	 *
	 * @param string $key Name of the field.
	 * @return string
	 */
	public function text( $key ) {
		return self::string( $this->data, $key );
	}

	/**
	 * Return a field that is a list of strings.
	 *
	 * @param string $key Name of the field.
	 * @return string[]
	 */
	public function words( $key ) {
		$list = isset( $this->data[ $key ] ) && is_array( $this->data[ $key ] ) ? array_filter( $this->data[ $key ], 'is_scalar' ) : array();
		return array_values( array_filter( array_map( 'trim', array_map( 'strval', $list ) ), 'strlen' ) );
	}

	/**
	 * Return a field that is a list of records.
	 *
	 * @param string $key Name of the field.
	 * @return array[]
	 */
	public function records( $key ) {
		$list = isset( $this->data[ $key ] ) && is_array( $this->data[ $key ] ) ? $this->data[ $key ] : array();
		return array_values( array_filter( $list, 'is_array' ) );
	}

	/**
	 * Return a field that is one record.
	 *
	 * @param string $key Name of the field.
	 * @return array
	 */
	public function record( $key ) {
		return isset( $this->data[ $key ] ) && is_array( $this->data[ $key ] ) ? $this->data[ $key ] : array();
	}

	/**
	 * Return a field as it is: true, false, a number, or nothing.
	 *
	 * @param string $key Name of the field.
	 * @return mixed
	 */
	public function raw( $key ) {
		return isset( $this->data[ $key ] ) ? $this->data[ $key ] : null;
	}

	/**
	 * Return a value of a record as text, or an empty string.
	 *
	 * @param array  $record Record.
	 * @param string $key    Name of the field.
	 * @return string
	 */
	public static function string( $record, $key ) {
		return isset( $record[ $key ] ) && is_scalar( $record[ $key ] ) && ! is_bool( $record[ $key ] ) ? (string) $record[ $key ] : '';
	}

	/**
	 * Return the records under a key of a summary, without anything else.
	 *
	 * @param array  $summary Summary.
	 * @param string $key     Name of the field.
	 * @return array[]
	 */
	public static function list_of( $summary, $key ) {
		$list = is_array( $summary ) && isset( $summary[ $key ] ) && is_array( $summary[ $key ] ) ? $summary[ $key ] : array();
		return array_values( array_filter( $list, 'is_array' ) );
	}
}
